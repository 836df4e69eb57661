"""What is installed: the locks, how they are installed, and what is known of their packages."""
