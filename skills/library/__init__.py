"""What several skills share. A change here is a change of every skill that has a Python file."""
