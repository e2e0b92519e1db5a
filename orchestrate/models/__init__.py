"""The nouns: frozen facts that every layer speaks."""
