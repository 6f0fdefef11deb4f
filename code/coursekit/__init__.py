"""Hand out the book's problem sets and grade them: for instructors, readers never need it."""
