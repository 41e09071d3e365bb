"""What is read and written, by table: functions of an open connection that neither begin nor commit."""
