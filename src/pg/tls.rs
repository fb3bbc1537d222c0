//! TLS to Postgres: the certificate is always checked, against a CA file of the operator's.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{ConfigError, DatabaseUrl, TlsMode};

/// The connector that the URL asks for; none where it asks for no TLS.
pub fn connector(url: &DatabaseUrl) -> Result<Option<MakeRustlsConnect>, ConfigError> {
    if url.tls == TlsMode::Off {
        return Ok(None);
    }
    let path = url.root_certificate.as_ref().ok_or(ConfigError::DatabaseUrl(
        "its sslmode checks certificates, so it needs sslrootcert=FILE",
    ))?;
    let unreadable = || ConfigError::DatabaseUrl("its sslrootcert is no readable PEM file");
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable())? {
        roots.add(certificate.map_err(|_| unreadable())?).map_err(|_| unreadable())?;
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(config)))
}
