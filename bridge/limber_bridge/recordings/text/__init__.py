"""Read tables in texts: CSV and its relatives, as loggers, actigraphs and spreadsheets write them."""
