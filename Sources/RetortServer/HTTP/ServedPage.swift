import HTTPTypes
import Hummingbird
import NIOCore

/// The page and what it needs, which are part of the program: no request opens a file.
enum ServedPage {
    /// Nothing from elsewhere, and no script or style within the page's text.
    private static let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static func add(to router: Router<ServerContext>) {
        let files: [(path: RouterPath, type: String, bytes: [UInt8])] = [
            ("/", "text/html; charset=utf-8", PackageResources.index_html),
            ("/page.css", "text/css; charset=utf-8", PackageResources.page_css),
            ("/page.js", "text/javascript; charset=utf-8", PackageResources.page_js),
        ]
        for file in files {
            router.get(file.path) { _, _ in
                Response(
                    status: .ok,
                    headers: [
                        .contentType: file.type, .contentSecurityPolicy: policy, .referrerPolicy: "no-referrer", .cacheControl: "no-cache",
                    ],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
            }
        }
    }
}
