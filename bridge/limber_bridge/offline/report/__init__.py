"""`limber report`: two pages on a range of nights for a doctor's visit, from the journal alone."""
