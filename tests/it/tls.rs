//! TLS to both neighbours, with certificates made here.

use crate::harness::{
    Authority, Before, TlsFront, World, address_of, assert_converged, lines, with_address,
};

/// The URL of a server behind `front`, by its name and not by its address.
fn behind(url: &str, front: &TlsFront) -> String {
    with_address(url, format!("localhost:{}", front.address.port()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_its_whole_way_over_tls() {
    let world = World::new().await;
    let authority = Authority::new(&world.folder, "ca");
    let ca = authority.file.display().to_string();
    let postgres = address_of(&world.database.url);
    let postgres = TlsFront::to(postgres, &authority, "localhost", Before::SslRequest).await;
    let rabbitmq = address_of(&world.servers.amqp_url);
    let rabbitmq = TlsFront::to(rabbitmq, &authority, "localhost", Before::Nothing).await;
    let database_url =
        format!("{}?sslmode=verify-full&sslrootcert={ca}", behind(&world.database.url, &postgres));
    let amqp_url = behind(&world.servers.amqp_url, &rabbitmq).replacen("amqp://", "amqps://", 1);
    let over_tls = |role: crate::harness::Role| {
        let role = role.env("DATABASE_URL", &database_url).env("AMQP_URL", &amqp_url);
        role.env("SSL_CERT_FILE", &ca)
    };
    let api = over_tls(world.api()).start().await;
    let _worker = over_tls(world.worker()).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(lines(0..300)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_does_not_prove_the_server_is_refused() {
    let world = World::new().await;
    let ours = Authority::new(&world.folder, "ours");
    let other = Authority::new(&world.folder, "other");
    let postgres = address_of(&world.database.url);
    let rabbitmq = address_of(&world.servers.amqp_url);
    for (authority, host) in [(&other, "localhost"), (&ours, "elsewhere.example")] {
        let front = TlsFront::to(postgres.clone(), authority, host, Before::SslRequest).await;
        let url = behind(&world.database.url, &front);
        let ca = ours.file.display();
        for mode in ["verify-full", "verify-ca", "require"] {
            let url = format!("{url}?sslmode={mode}&sslrootcert={ca}");
            let ended = world.role(&["migrate"]).env("DATABASE_URL", url).run().await;
            assert_eq!(ended.code, Some(1), "{host}, {mode}: {ended:?}");
            assert!(ended.stderr.contains("cannot be reached"), "{ended:?}");
        }
        let front = TlsFront::to(rabbitmq.clone(), authority, host, Before::Nothing).await;
        let url = behind(&world.servers.amqp_url, &front).replacen("amqp://", "amqps://", 1);
        let worker = world.worker().env("AMQP_URL", url).env("SSL_CERT_FILE", ca);
        let ended = worker.run().await;
        assert_eq!(ended.code, Some(1), "{host}: {ended:?}");
    }
}
