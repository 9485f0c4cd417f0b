"""The only room that writes SQL words and knows drivers."""
