"""Pages made of Gradio's own components, for whoever leads a review or only wants to look at a dataset."""
