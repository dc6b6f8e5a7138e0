//! The least that a request costs with actix-web: what small governed requests are measured against. `hello PORT`.

use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8_081);
    let app = || App::new().route("/", web::get().to(|| async { HttpResponse::Ok().body("hello") }));
    HttpServer::new(app).workers(2).bind(("127.0.0.1", port))?.run().await
}
