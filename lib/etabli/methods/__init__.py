"""Pure functions from a DataFrame to a result: no files, no clock, no display, no disclosure."""
