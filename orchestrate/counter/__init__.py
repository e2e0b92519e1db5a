"""The counter: where what people ask for is looked up and done, whichever way it came in."""
