"""What is deployed: one handler per file, event in, message out."""
