"""Questions of our own and their answers: appointments, which one, double opt-in."""
