"""Files of appointments and subscribers: what they would do, and bringing them in."""
