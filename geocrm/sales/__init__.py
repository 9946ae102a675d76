"""Sales: orders, imported or generated. They make an account's revenue and last order real."""
