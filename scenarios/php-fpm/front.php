<?php
// One request at a time in each process (php-fpm): one or two calls, each over a connection of its own.

/** GET /step/<fresh id> on behalf of the call `$serving`; gives the status. */
function call(string $serving): int
{
    $made = bin2hex(random_bytes(16));
    // Several processes append: a line is one write.
    $line = json_encode(['call' => $made, 'parent' => $serving]) . "\n";
    file_put_contents(getenv('TRUTH_LOG'), $line, FILE_APPEND);
    $context = stream_context_create(['http' => ['protocol_version' => 1.1, 'ignore_errors' => true]]);
    file_get_contents('http://127.0.0.1:' . getenv('MIDDLE_PORT') . "/step/$made", false, $context);
    return (int) explode(' ', $http_response_header[0])[1];
}

$serving = basename($_SERVER['REQUEST_URI']);
$status = 200;
if (random_int(1, 100) > 6) {
    $status = call($serving);
    if ($status === 503 || random_int(1, 100) <= 40) {
        $status = call($serving);
    }
}
http_response_code($status < 500 ? 200 : 502);
header('Content-Type: application/json');
echo json_encode(['status' => $status]);
