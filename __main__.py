"""The program: load the stack's settings, build what they ask for, export what users need."""

import pulumi

from components import settings
from components.stack import ModelStack

stack_settings = settings.read()
platform = ModelStack("platform", stack_settings.config, stack_settings.api_keys)
for name, value in platform.outputs.items():
    pulumi.export(name, value)
