"""A user's table: finds out what a file is, reads it as pandas does, and says what was converted or is wrong."""
