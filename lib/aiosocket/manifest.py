metadata(description="Streams, servers and datagrams over usocket for asyncio.", version="0.2.0")

package("aiosocket", base_path="../..")
