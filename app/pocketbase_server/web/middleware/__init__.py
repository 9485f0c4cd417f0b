"""What happens around every request, one file each."""
