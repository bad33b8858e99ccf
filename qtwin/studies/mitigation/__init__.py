"""What is each way to treat noise worth on a snapshot of a device?"""
