//! Tests of holders that send wrong content or too much, too slowly, or nothing.

use super::*;

#[test]
fn wrong_responses_are_errors_of_that_holder() {
    let content = content(1_000);
    let file = info(&content);
    type Response = (&'static str, &'static str, &'static str);
    let responses: [Response; 9] = [
        ("404 Not Found", "Content-Length: 0\r\n", "status 404"),
        (
            "416 Range Not Satisfiable",
            "Content-Length: 0\r\n",
            "status 416",
        ),
        (
            "500 Internal Server Error",
            "Content-Length: 0\r\n",
            "status 500",
        ),
        // Redirects are not followed.
        (
            "302 Found",
            "Location: http://127.0.0.1:1/\r\nContent-Length: 0\r\n",
            "status 302",
        ),
        ("200 OK", "Content-Length: 999\r\n", "expected 1000 bytes"),
        (
            "206 Partial Content",
            "Content-Range: bytes 0-999/1000\r\n",
            "expected bytes 10-999/1000",
        ),
        (
            "206 Partial Content",
            "Content-Range: bytes 10-998/999\r\n",
            "expected bytes 10-999/1000",
        ),
        ("206 Partial Content", "", "expected bytes 10-999/1000"),
        ("garbage", "", "the connection failed"),
    ];
    let mut fixture = fixture(long_timeouts());
    fs::write(fixture.part(&file), &content[..10]).unwrap();
    for (status, headers, error) in responses {
        let holder = Holder::new(move |stream, _, _| head(stream, status, headers));
        let end = fixture.fetch(&file, &[&holder.base]);
        assert_eq!(end.result, Err(FetchError::Unreachable));
        let text = end.errors[0].1.to_string();
        assert!(text.contains(error), "{status}: {text}");
        assert_eq!(
            fs::read(fixture.part(&file)).unwrap(),
            content[..10],
            "{status}"
        );
    }
    let end = fixture.fetch(&file, &["", "no address", "ftp://127.0.0.1"]);
    assert_eq!(
        (end.result, end.errors.len()),
        (Err(FetchError::Unreachable), 3)
    );
    assert_eq!(
        fixture.fetch(&file, &[]).result,
        Err(FetchError::Unreachable)
    );
    fixture.holds_nothing();
}

#[test]
fn surplus_bytes_are_refused() {
    let content = content(100_000);
    let file = info(&content);
    let sent = content.clone();
    // The response has no length, and its body is endless.
    let endless = Holder::new(move |stream, _, _| {
        head(stream, "200 OK", "")?;
        stream.write_all(&sent)?;
        loop {
            stream.write_all(&[0; 4096])?;
        }
    });
    let mut fixture = fixture(long_timeouts());
    let end = fixture.fetch(&file, &[&endless.base]);
    assert_eq!(end.result, Err(FetchError::HashMismatch));
    assert!(!fixture.part(&file).exists());
    // The same response without surplus bytes is accepted.
    let sent = content.clone();
    let honest = Holder::new(move |stream, _, _| {
        head(stream, "200 OK", "")?;
        stream.write_all(&sent)
    });
    let end = fixture.fetch(&file, &[&endless.base, &honest.base]);
    assert_eq!(end.result, Ok(1));
    fixture.holds(&file, &content);
}

#[test]
fn a_silent_holder_is_abandoned() {
    let content = content(100_000);
    let file = info(&content);
    let (never, wait) = unbounded::<()>();
    let sent = content.clone();
    let waiting = wait.clone();
    let stops = Holder::new(move |stream, nth, _| {
        if nth == 0 {
            head(stream, "200 OK", "Content-Length: 100000\r\n")?;
            stream.write_all(&sent[..1_000])?;
        }
        let _ = waiting.recv();
        Ok(())
    });
    let silent = Holder::new(move |_, _, _| {
        let _ = wait.recv();
        Ok(())
    });
    let honest = Holder::honest(&content);
    let mut fixture = fixture(short_timeouts());
    let end = fixture.fetch(&file, &[&silent.base, &stops.base, &honest.base]);
    assert_eq!(end.result, Ok(2));
    assert_eq!(honest.requested_ranges(), [Some(1_000)]);
    assert_eq!(end.errors.len(), 2);
    fixture.holds(&file, &content);
    drop(never);
}

#[test]
fn a_holder_below_the_minimum_rate_is_abandoned() {
    let content = content(100_000);
    let file = info(&content);
    let sent = content.clone();
    let slow = Holder::new(move |stream, _, range| {
        partial(stream, &sent, range.unwrap_or(0), range.unwrap_or(0))?;
        for byte in &sent[range.unwrap_or(0)..] {
            stream.write_all(&[*byte])?;
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    let honest = Holder::honest(&content);
    let mut fixture = fixture(FetchSettings {
        slow: Duration::from_millis(300),
        slow_bytes: 1_000,
        ..long_timeouts()
    });
    let end = fixture.fetch(&file, &[&slow.base, &honest.base]);
    assert_eq!(end.result, Ok(1));
    assert!(
        matches!(end.errors[0], (0, DownloadError::Slow { .. })),
        "{:?}",
        end.errors
    );
    assert!(
        honest.requested_ranges()[0].is_some(),
        "the received bytes are kept"
    );
    fixture.holds(&file, &content);
}
