/** As much of aws4's interface as the tests use. */
declare module 'aws4' {
  export const sign: (
    request: {
      host: string;
      path: string;
      method: string;
      service: 's3';
      region: string;
      headers: Record<string, string>;
    },
    credentials: { accessKeyId: string; secretAccessKey: string },
  ) => { headers: Record<string, string> };
}
