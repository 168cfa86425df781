"""The policy pack: what a stack may not do, and the report that says so."""
