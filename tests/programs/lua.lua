-- SPDX-License-Identifier: MIT
-- Tables, strings, closures, coroutines and both collectors.
for _, mode in ipairs { "incremental", "generational" } do
	collectgarbage(mode)
	local list, sum = {}, 0
	for i = 1, 300000 do
		list[i % 5000 + 1] = { i, tostring(i), name = "n" .. i % 101 }
	end
	for _, v in ipairs(list) do
		sum = (sum * 31 + v[1] + #v[2] + #v.name) % 1000003
	end
	print(mode, #list, sum)

	local parts = {}
	for i = 1, 20000 do
		parts[#parts + 1] = ("%05d"):format(i * 7919 % 10007):rep(i % 7)
	end
	local text = table.concat(parts, " ")
	local count = select(2, text:gsub("(%d)%1", "<%1>"))
	table.sort(parts)
	print(#text, count, parts[#parts]:sub(1, 10))

	local routines, total = {}, 0
	for i = 1, 2000 do
		routines[i] = coroutine.wrap(function(step)
			local held = {}
			while true do
				held[#held + 1] = ("x"):rep(step)
				coroutine.yield(#table.concat(held))
			end
		end)
	end
	for step = 1, 20 do
		for _, routine in ipairs(routines) do
			total = total + routine(step)
		end
	end
	print(total)

	local weak, closed = setmetatable({}, { __mode = "k" }), 0
	for i = 1, 20000 do
		weak[setmetatable({}, { __gc = function()
			closed = closed + 1
		end })] = i
	end
	routines = nil
	collectgarbage()
	collectgarbage()
	print(next(weak), closed)

	local text2 = ("a"):rep(1 << 20)
	for _ = 1, 6 do
		text2 = text2 .. text2
	end
	print(#text2, pcall(string.rep, "x", 1 << 40))
	local deep = "return " .. ("{"):rep(150) .. ("}"):rep(150)
	print(type(load(deep)()), load("x = = 1"))
end
