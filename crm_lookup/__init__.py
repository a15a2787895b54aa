"""Who is calling, and what the bank knows of them.  Knows neither telephony nor the web."""
