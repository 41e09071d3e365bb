"""Products are made in a process of their own: whatever a drawing needs, or does, is none of the service's business."""
