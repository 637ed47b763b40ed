"""What is asked of the desk: values as they were typed, and requests that are carried out once."""
