"""What people read. Draws what the marts and the manifest say and computes nothing."""
