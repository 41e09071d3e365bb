"""Jobs on clusters: what scans want there, compared with what the queues hold, over and over, one step at a time."""
