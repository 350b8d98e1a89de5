"""Runs: one notebook by papermill, many in a batch, and where each report comes from."""
