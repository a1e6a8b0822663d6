/** Why a request was refused before anything of it was forwarded, by status. */
export const refusalReasons: Readonly<Record<number, string>> = {
  400: 'the request is malformed or could be read in two ways',
  405: 'CONNECT is not served here',
  408: 'the request was not sent in time',
  413: 'the body is larger than it may be',
  414: 'the request line is too long',
  417: 'the only expectation served is 100-continue',
  431: 'the header section is too large',
  501: 'the transfer coding is not known',
  505: 'only HTTP/1.0 and HTTP/1.1 are spoken here',
};
