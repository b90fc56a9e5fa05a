"""The REST interface of products and orders, one file for each subject."""
