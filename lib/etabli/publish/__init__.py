"""From an executed notebook to what a reader opens: the report's folder, and the catalogue of reports."""
