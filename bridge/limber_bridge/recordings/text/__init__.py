"""Read tables in text files, as loggers, actigraphs and spreadsheets write them."""
