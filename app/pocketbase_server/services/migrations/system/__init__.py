"""What a new data directory gets, step by step."""
