"""Read tables in texts, as loggers, actigraphs and spreadsheets write them."""
