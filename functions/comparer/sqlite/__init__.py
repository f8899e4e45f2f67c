"""SQLite: reading it, and letting it compare two of its own databases."""
