"""Files of appointments and subscribers."""
