//! TLS of the REST interface: certificate and secret key of a node, and the certificates that a client trusts.
//!
//! A node with a certificate accepts TLS and plain HTTP on the same port. Nodes call each other with plain HTTP, because
//! their messages are signed. A token must not be sent in clear: the server refuses it without TLS, except from its own
//! machine.
//!
//! Without the feature `tls`, a node refuses a certificate when it starts.

use std::path::{Path, PathBuf};

/// Why a node cannot use TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The program does not contain TLS.
    #[error("this program was built without TLS: build it with --features tls")]
    NotBuilt,
    /// A file cannot be read.
    #[error("{}: {why}; expected {expected} in PEM", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should contain.
        expected: &'static str,
        /// The reason.
        why: String,
    },
    /// The key does not belong to the certificate.
    #[error("the certificate cannot be used: {0}")]
    Certificate(String),
}

#[cfg(feature = "tls")]
pub(super) use with_tls::is_handshake;
#[cfg(feature = "tls")]
pub use with_tls::{TlsIdentity, trusted_certificates};
#[cfg(not(feature = "tls"))]
pub use without_tls::TlsIdentity;

#[cfg(feature = "tls")]
mod with_tls {
    use super::{Path, TlsError};
    use std::fmt;
    use std::sync::{Arc, OnceLock};
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::TcpStream;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::server::TlsStream;
    use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

    /// The first byte of every TLS connection: the record type of a handshake. No HTTP request begins with it.
    const HANDSHAKE: u8 = 0x16;

    /// The environment variable with the file of trusted certificates, as in OpenSSL.
    const TRUSTED_FILE: &str = "SSL_CERT_FILE";

    /// Certificate and secret key of a node.
    #[derive(Clone)]
    pub struct TlsIdentity {
        acceptor: TlsAcceptor,
    }

    impl fmt::Debug for TlsIdentity {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("TlsIdentity").finish_non_exhaustive()
        }
    }

    impl TlsIdentity {
        /// Reads the certificate, with its chain, and its key.
        ///
        /// # Errors
        /// If a file cannot be read, or the key does not belong to the certificate.
        pub fn read(certificate: &Path, key: &Path) -> Result<TlsIdentity, TlsError> {
            let failed = |path: &Path, expected, why: String| TlsError::File {
                path: path.to_owned(),
                expected,
                why,
            };
            let chain = CertificateDer::pem_file_iter(certificate)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|why| failed(certificate, "certificates", why.to_string()))?;
            if chain.is_empty() {
                let why = "no certificate".to_owned();
                return Err(failed(certificate, "certificates", why));
            }
            let secret = PrivateKeyDer::from_pem_file(key)
                .map_err(|why| failed(key, "a secret key", why.to_string()))?;
            let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map(|config| config.with_no_client_auth())
                .and_then(|config| config.with_single_cert(chain, secret))
                .map_err(|why| TlsError::Certificate(why.to_string()))?;
            Ok(TlsIdentity {
                acceptor: TlsAcceptor::from(Arc::new(config)),
            })
        }

        /// Performs the handshake.
        pub(in crate::live) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
            &self,
            stream: S,
        ) -> std::io::Result<TlsStream<S>> {
            self.acceptor.accept(stream).await
        }
    }

    /// Waits for the first byte of a connection. Returns whether a TLS handshake begins.
    pub(in crate::live) async fn is_handshake(stream: &TcpStream) -> std::io::Result<bool> {
        let mut first = [0];
        let read = stream.peek(&mut first).await?;
        Ok(read == 1 && first == [HANDSHAKE])
    }

    /// The certificates that clients trust: those in the file that `SSL_CERT_FILE` names, or else those of Mozilla.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn trusted_certificates() -> Result<RootCerts, String> {
        static TRUSTED: OnceLock<Result<RootCerts, String>> = OnceLock::new();
        TRUSTED.get_or_init(read_trusted).clone()
    }

    fn read_trusted() -> Result<RootCerts, String> {
        let Some(path) = std::env::var_os(TRUSTED_FILE) else {
            return Ok(RootCerts::WebPki);
        };
        let failed = |why: String| format!("{TRUSTED_FILE}={}: {why}", path.display());
        let text = std::fs::read(&path).map_err(|why| failed(why.to_string()))?;
        let mut certificates: Vec<Certificate<'static>> = Vec::new();
        for item in parse_pem(&text) {
            if let PemItem::Certificate(one) = item.map_err(|why| failed(why.to_string()))? {
                certificates.push(one);
            }
        }
        match certificates.is_empty() {
            true => Err(failed("no certificate in PEM".to_owned())),
            false => Ok(RootCerts::Specific(Arc::new(certificates))),
        }
    }
}

#[cfg(not(feature = "tls"))]
mod without_tls {
    use super::{Path, TlsError};
    use std::convert::Infallible;

    /// Certificate and secret key of a node: none, because the program does not contain TLS.
    #[derive(Clone, Debug)]
    pub struct TlsIdentity(Infallible);

    impl TlsIdentity {
        /// Refuses the certificate.
        ///
        /// # Errors
        /// Always.
        pub fn read(_certificate: &Path, _key: &Path) -> Result<TlsIdentity, TlsError> {
            Err(TlsError::NotBuilt)
        }
    }
}
