"""Real brokers, bridges, Home Assistants and browsers for the demo, tests and benchmarks."""
