"""From a partner's file to a tidy frame: readers, codebook, deliveries, pseudonyms, dummy data."""
