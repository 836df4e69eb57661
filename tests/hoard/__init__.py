"""Files as people and programs make them, and as somebody with ill will would, each with what becomes of it."""
