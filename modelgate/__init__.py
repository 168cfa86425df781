"""Prove before deployment that no request without credentials reaches a model."""
