bind "tcp://127.0.0.1:#{ENV.fetch('PORT')}"
workers 2
threads 4, 4
environment 'none'
persistent_timeout 120
