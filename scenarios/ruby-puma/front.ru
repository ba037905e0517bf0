# Threads of forked processes take whole requests from a reactor that waits for their heads: one or two calls each, over a
# connection of the thread's own.
require 'json'
require 'net/http'
require 'securerandom'

MIDDLE = Integer(ENV.fetch('MIDDLE_PORT'))

# Several processes append: a line is one write.
TRUTH = File.open(ENV.fetch('TRUTH_LOG'), File::CREAT | File::APPEND | File::WRONLY, 0o644)
TRUTH.sync = true

# GET /step/<fresh id> on behalf of the call `serving`; gives the status.
def call(serving)
  made = SecureRandom.hex(16)
  TRUTH.write("#{JSON.generate({ call: made, parent: serving })}\n")
  http = Thread.current[:middle] ||= Net::HTTP.new('127.0.0.1', MIDDLE).tap do |client|
    client.keep_alive_timeout = 120
    client.start
  end
  http.get("/step/#{made}").code.to_i
end

run(lambda do |env|
  serving = env['PATH_INFO'].split('/').last
  status = 200
  if rand > 0.06
    status = call(serving)
    status = call(serving) if status == 503 || rand < 0.4
  end
  body = JSON.generate({ status: status })
  headers = { 'Content-Type' => 'application/json', 'Content-Length' => body.bytesize.to_s }
  [status < 500 ? 200 : 502, headers, [body]]
end)
