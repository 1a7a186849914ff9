"""What holds a team's data: buckets, queues, databases, caches and streams, and who may use them."""
