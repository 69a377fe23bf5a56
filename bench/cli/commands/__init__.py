"""The commands, one module each. Every module has `add_parser`, which declares its options and its function."""
