//! The bounded pool that hashes passwords, beside the threads that serve requests.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use bcrypt::HashParts;
use tokio::sync::Semaphore;

use crate::config::Verify;
use crate::web::Error;

/// For each thread, so many may wait: with hashes of cost 12, about two seconds.
const WAITING_A_THREAD: usize = 8;

#[derive(Clone)]
pub struct Hashing {
    cost_limit: u32,
    running: Arc<Semaphore>,
    /// Those that run and those that wait.
    admitted: Arc<Semaphore>,
}

impl Hashing {
    pub fn new(config: &Verify) -> Self {
        // Half the cores: the other half keeps serving.
        let threads = (available_parallelism().map_or(1, NonZeroUsize::get) / 2).max(1);
        Self {
            cost_limit: config.verify_cost_limit,
            running: Arc::new(Semaphore::new(threads)),
            admitted: Arc::new(Semaphore::new(threads * (1 + WAITING_A_THREAD))),
        }
    }

    /// Is it the password of the hash? Beyond its first 72 bytes bcrypt does not look.
    pub async fn verify(&self, password: String, hash: String) -> Result<bool, Error> {
        let cost = hash.parse().map(|parts: HashParts| parts.get_cost());
        // A stored hash was checked when it was imported.
        let cost = cost.map_err(|_| Error::unexpected())?;
        if cost > self.cost_limit {
            return Err(Error::password_hash_too_costly());
        }
        let full =
            |_| Error::rate_limited("too many passwords are being verified; a retry is safe", 1);
        let admitted = self.admitted.clone().try_acquire_owned().map_err(full)?;
        let running = self.running.clone().acquire_owned().await.expect("it is never closed");
        let hashed = tokio::task::spawn_blocking(move || {
            // Held until the hash is computed, also for a caller that has hung up.
            let _permits = (admitted, running);
            bcrypt::verify(password, &hash)
        });
        match hashed.await {
            Ok(Ok(verified)) => Ok(verified),
            _ => Err(Error::unexpected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    fn hashing(cost_limit: u32) -> Hashing {
        Hashing {
            cost_limit,
            running: Arc::new(Semaphore::new(1)),
            admitted: Arc::new(Semaphore::new(2)),
        }
    }

    #[tokio::test]
    async fn a_hash_of_each_version_verifies_its_password_alone() {
        let hashing = hashing(15);
        let parts = bcrypt::hash_with_result("correct", 4).unwrap();
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB, bcrypt::Version::TwoY] {
            let hash = parts.format_for_version(version);
            assert!(hashing.verify("correct".into(), hash.clone()).await.unwrap());
            assert!(!hashing.verify("Correct".into(), hash).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_long_password_is_judged_by_its_first_72_bytes() {
        let long = "x".repeat(72);
        let hash = bcrypt::hash(&long, 4).unwrap();
        let hashing = hashing(15);
        assert!(hashing.verify(format!("{long}y"), hash.clone()).await.unwrap());
        assert!(!hashing.verify("x".repeat(71), hash).await.unwrap());
    }

    #[tokio::test]
    async fn what_costs_too_much_is_refused_and_not_computed() {
        let hash = bcrypt::hash("x", 5).unwrap();
        let error = hashing(4).verify("x".into(), hash.clone()).await.unwrap_err();
        assert_eq!(error.fault().reason, "PasswordHashTooCostly");
        assert!(hashing(5).verify("x".into(), hash).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_pool_refuses_at_once() {
        let (hashing, hash) = (hashing(15), bcrypt::hash("x", 4).unwrap());
        // No thread is free until the third has been asked: none can end before it.
        let busy = hashing.running.clone().acquire_owned().await.unwrap();
        let asked = join_all((0..3).map(|_| hashing.verify("x".into(), hash.clone())));
        let (results, ()) = tokio::join!(biased; asked, async { drop(busy) });
        let reasons: Vec<_> =
            results.iter().map(|r| r.as_ref().err().map(|e| e.fault().reason)).collect();
        assert_eq!(reasons, [None, None, Some("RateLimited")]);
        assert!(hashing.verify("x".into(), hash).await.unwrap(), "permits come back");
    }
}
