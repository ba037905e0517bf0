//! Two services on tokio's multi-thread runtime, whose tasks move between four workers: front fans out within a task or
//! over spawned tasks, middle calls one after the other. axum serves, reqwest calls with a pool of kept connections.

mod truth;

use axum::http::{StatusCode, Uri};
use axum::Router;
use std::sync::Arc;
use truth::TruthLog;

struct Service {
    truth: TruthLog,
    client: reqwest::Client,
    middle: String,
    leaf: String,
}

fn chance(probability: f64) -> bool {
    fastrand::f64() < probability
}

fn port(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

impl Service {
    /// GET `path`/<fresh id> on behalf of the call `serving`; gives the status.
    async fn call(&self, port: &str, path: &str, serving: &str) -> u16 {
        let call = format!("{:032x}", fastrand::u128(..));
        self.truth.add(&call, serving);
        match self.client.get(format!("http://127.0.0.1:{port}{path}/{call}")).send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                // The connection goes back to the pool once the body has been read.
                let _ = response.bytes().await;
                status
            }
            Err(error) => {
                eprintln!("{error}");
                599
            }
        }
    }
}

async fn front(service: Arc<Service>, serving: String) -> u16 {
    if chance(0.06) {
        return 200;
    }
    let mut status = if chance(0.3) {
        let (step, leaf) = tokio::join!(
            service.call(&service.middle, "/step", &serving),
            service.call(&service.leaf, "/leaf", &serving)
        );
        step.max(leaf)
    } else if chance(0.4) {
        let spawned = [("/step", service.middle.clone()), ("/leaf", service.leaf.clone())].map(|(path, port)| {
            let (service, serving) = (service.clone(), serving.clone());
            tokio::spawn(async move { service.call(&port, path, &serving).await })
        });
        let mut worst = 0;
        for task in spawned {
            worst = worst.max(task.await.unwrap_or(599));
        }
        worst
    } else {
        service.call(&service.middle, "/step", &serving).await
    };
    if status == 503 || chance(0.5) {
        status = service.call(&service.leaf, "/leaf", &serving).await;
    }
    if chance(0.03) {
        return 500;
    }
    if status < 500 { 200 } else { 502 }
}

async fn middle(service: Arc<Service>, serving: String) -> u16 {
    if chance(0.04) {
        return 503;
    }
    let mut status = service.call(&service.leaf, "/leaf", &serving).await;
    if status != 200 || chance(0.25) {
        status = service.call(&service.leaf, "/leaf", &serving).await;
    }
    status
}

async fn serve(service: Arc<Service>, role: String) {
    let state = service.clone();
    let handler = move |uri: Uri| {
        let (service, front_role) = (state.clone(), role == "front");
        async move {
            let serving = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
            let status = if front_role { front(service, serving).await } else { middle(service, serving).await };
            (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), format!("{{\"status\":{status}}}"))
        }
    };
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", port("PORT"))).await.unwrap();
    let mut stop = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    let served = axum::serve(listener, Router::new().fallback(handler));
    tokio::select! {
        ended = served => ended.unwrap(),
        _ = stop.recv() => service.truth.close(),
    }
}

fn main() {
    let role = std::env::args().nth(1).expect("front or middle");
    let service = Arc::new(Service {
        truth: TruthLog::new(std::env::var("TRUTH_LOG").expect("TRUTH_LOG")),
        client: reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).no_proxy().build().unwrap(),
        middle: port("MIDDLE_PORT"),
        leaf: port("LEAF_PORT"),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(serve(service, role));
}
