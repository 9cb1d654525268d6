"""Many circuits of one data set, compared honestly: the only room that loops over the street."""
