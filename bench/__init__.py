"""What the judge costs, measured on generated stacks."""
