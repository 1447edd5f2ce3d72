"""Networks: the parts generators are made of. Nothing here knows of fields or schemas."""
