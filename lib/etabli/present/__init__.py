"""Shows protected results, and nothing else: sentences, tables, figures, and the report that holds them."""
